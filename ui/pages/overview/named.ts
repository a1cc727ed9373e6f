// Says which mapping something is about.

/** `“Photos”: …`; without the name while it is not known. */
export function named(names: ReadonlyMap<string, string>, id: string, says: string): string {
  const name = names.get(id);
  return name === undefined ? says : `“${name}”: ${says}`;
}
