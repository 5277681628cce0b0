/** Finds what a source file imports, without a parser: comments and texts are masked first. */

export interface ImportSite {
  /** As it is written: "./x.ts", "pg", "node:fs". */
  readonly specifier: string;
  readonly line: number;
}

export interface ScannedSource {
  readonly imports: readonly ImportSite[];
  /** Lines on which process.env is read. */
  readonly environmentLines: readonly number[];
}

const IMPORT =
  /\b(?:from|import(?:\.meta\.resolve)?\s*\(?|require(?:\.resolve)?\s*\()\s*(["'`])([^"'`]*)\1/g;
/** A slash after one of these begins a regular expression; after anything else, it divides. */
const BEFORE_A_REGEX =
  /(?:^|[(,=:[!&|?{;+\-*%<>~^]|\b(?:return|typeof|case|in|of|throw|await|yield))\s*$/;
const ENVIRONMENT = /\bprocess\s*(?:\?\.|\.)\s*env\b|\bprocess\s*(?:\?\.)?\[/g;
const ENVIRONMENT_IMPORT = /\benv\b[^;]*\bfrom\s*["'] *["']/g;

export function scanSource(text: string): ScannedSource {
  const code = maskTexts(text);
  const lineOf = (index: number) => text.slice(0, index).split("\n").length;
  const imports = [...code.matchAll(IMPORT)].map((match) => {
    const end = match.index + match[0].length - 1;
    const specifier = text.slice(end - (match[2] ?? "").length, end);
    return { specifier, line: lineOf(match.index) };
  });
  const reads = [...code.matchAll(ENVIRONMENT)].map(({ index }) => lineOf(index));
  const named = [...code.matchAll(ENVIRONMENT_IMPORT)].flatMap((match) => {
    const line = lineOf(match.index + match[0].length);
    const isProcess = imports.some(
      (site) => site.line === line && /^(node:)?process$/.test(site.specifier),
    );
    return isProcess ? [line] : [];
  });
  return { imports, environmentLines: [...reads, ...named] };
}

/** Text of the same length with the insides of comments, strings and regular expressions blank. */
export function maskTexts(text: string): string {
  const spans = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'/y;
  const regex = /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\//y;
  let masked = "";
  let depth = 0;
  /** Brace depths at which a `}` goes on with a template. */
  const templates: number[] = [];
  while (masked.length < text.length) {
    const at = masked.length;
    const char = text[at] ?? "";
    const goesOn = char === "}" && templates.at(-1) === depth;
    const mayBeRegex = char === "/" && BEFORE_A_REGEX.test(masked.slice(-40));
    const span = matchAt(spans, text, at) ?? (mayBeRegex ? matchAt(regex, text, at) : null);
    if (span !== null) {
      masked += blank(span);
    } else if (char === "`" || goesOn) {
      if (goesOn) {
        templates.pop();
        depth -= 1;
      }
      const piece = templatePiece(text, at);
      if (piece.endsWith("${")) {
        depth += 1;
        templates.push(depth);
      }
      masked += blank(piece);
    } else {
      if (char === "{") depth += 1;
      if (char === "}") depth -= 1;
      masked += char;
    }
  }
  return masked;
}

/** From a backtick, or from the brace that ends an expression, to the next of either. */
function templatePiece(text: string, at: number): string {
  const piece = /[`}](?:\\[\s\S]|\$(?!\{)|[^`\\$])*(?:`|\$\{|$)/y;
  return matchAt(piece, text, at) ?? text.slice(at);
}

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

/** Keeps quotes and line ends, so that places and the shape of an import stay. */
function blank(span: string): string {
  const isComment = span.startsWith("/");
  const inside = span.slice(1, -1).replace(/[^\n]/g, " ");
  if (isComment) return ` ${inside}${span.length > 1 ? " " : ""}`;
  return span.length === 1 ? span : `${span[0]}${inside}${span.at(-1)}`;
}
