// Owns which files of npm packages an image needs: half of their bytes are for compilers, browsers and people.

/** Types and sources for a compiler, maps for a debugger, words for people; licences stay. */
const FOR_OTHERS = /(\.(map|ts|mts|cts|flow|md|markdown|tsbuildinfo)|\.min\.js)$/i;

const IS_LICENCE = /\/(licen[cs]e|notice|copying)[^/]*$/i;

/** Built for what is not Node; by the "exports" of these packages Node never asks for them. */
const FOR_OTHER_RUNTIMES = /\/dist\/(browser|react-native|workerd|bundles|esm5)\//;

/** `path` is absolute or below node_modules. */
export function isNeededAtRuntime(path: string): boolean {
  if (IS_LICENCE.test(path)) return true;
  return !FOR_OTHERS.test(path) && !FOR_OTHER_RUNTIMES.test(path);
}
