/** The server's program from its sources, for run-source.mjs. */
import "../../src/main.ts";

export default (): void => undefined;
