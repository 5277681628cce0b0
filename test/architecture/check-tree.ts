/** Holds a tree of source files to the house rules. */
import { posix } from "node:path";
import { findCycles } from "./find-cycles.ts";
import { ENVIRONMENT_READER, KEPT_IN, LINES_MAX, MAY_IMPORT, PURE, roomOf } from "./rules.ts";
import { type ImportSite, type ScannedSource, scanSource } from "./scan-source.ts";

/** Text by path from the repository's root, with `/`. */
export type SourceTree = Readonly<Record<string, string>>;

/** What breaks a rule, each as "file:line: rule". */
export function checkTree(tree: SourceTree): string[] {
  const files = Object.entries(tree).map(([path, text]) => ({ path, ...scanSource(text), text }));
  return [
    ...files.flatMap((file) => [
      ...checkLength(file.path, file.text),
      ...checkEnvironment(file.path, file),
      ...file.imports.flatMap((site) => checkImport(file.path, site)),
    ]),
    ...checkCycles(files),
  ];
}

function checkLength(path: string, text: string): string[] {
  const lines = text.replace(/\n$/, "").split("\n").length;
  if (lines <= LINES_MAX) return [];
  return [`${path}:${LINES_MAX + 1}: is ${lines} lines long; a file has at most ${LINES_MAX}`];
}

function checkEnvironment(path: string, { environmentLines }: ScannedSource): string[] {
  if (roomOf(path) === ENVIRONMENT_READER) return [];
  return environmentLines.map(
    (line) => `${path}:${line}: reads process.env; only ${ENVIRONMENT_READER} may`,
  );
}

function checkImport(path: string, site: ImportSite): string[] {
  const room = roomOf(path);
  const at = `${path}:${site.line}`;
  if (room === undefined) return [`${at}: is in a folder that has no row in MAY_IMPORT`];
  if (!site.specifier.startsWith(".")) return checkPackage(at, room, site.specifier);
  const target = resolve(path, site.specifier);
  const targetRoom = roomOf(target);
  if (targetRoom === undefined) return [`${at}: imports ${target}, which is outside of the house`];
  if (targetRoom === room || MAY_IMPORT[room].includes(targetRoom)) return [];
  const allowed = MAY_IMPORT[room].join(", ") || "nothing";
  return [`${at}: ${room} may not import ${targetRoom} (${target}); it may import ${allowed}`];
}

function checkPackage(at: string, room: string, specifier: string): string[] {
  if (PURE.some((pure) => pure === room)) {
    return [`${at}: ${room} imports nothing from outside, and this imports ${specifier}`];
  }
  return KEPT_IN.filter(({ packages }) => packages.some((name) => isOf(specifier, name)))
    .filter((kept) => kept.room !== room)
    .map((kept) => `${at}: only ${kept.room} may import ${specifier}`);
}

function isOf(specifier: string, name: string): boolean {
  return specifier === name || specifier.startsWith(name.endsWith("/") ? name : `${name}/`);
}

function checkCycles(files: readonly ({ path: string } & ScannedSource)[]): string[] {
  const graph = new Map(files.map(({ path, imports }) => [path, localTargets(path, imports)]));
  return findCycles(graph).map((circle) => {
    const [first = "", second = first] = circle;
    const sites = files.find(({ path }) => path === first)?.imports ?? [];
    const site = sites.find(({ specifier }) => resolve(first, specifier) === second);
    return `${first}:${site?.line ?? 1}: begins a circle: ${[...circle, first].join(" -> ")}`;
  });
}

function localTargets(path: string, imports: readonly ImportSite[]): string[] {
  return imports
    .filter(({ specifier }) => specifier.startsWith("."))
    .map(({ specifier }) => resolve(path, specifier));
}

function resolve(path: string, specifier: string): string {
  return posix.join(posix.dirname(path), specifier);
}
