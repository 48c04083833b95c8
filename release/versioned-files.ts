/** Files that name the version, each with the places where it does. */
const PLACES: Readonly<Record<string, RegExp>> = {
  'package.json': /(?<="name": "smsgw",\n +"version": ")[^"]+/g,
  'package-lock.json': /(?<="name": "smsgw",\n +"version": ")[^"]+/g,
  'deploy/helm/smsgw/Chart.yaml': /(?<=^(?:version|appVersion): )\S+/gm,
  'deploy/helm/smsgw/values.yaml': /(?<=^image:\n.*\n +tag: )\S+/gm,
  'deploy/helm/rendered.yaml': /(?<=image: "smsgw:)[^"]+/g,
}

export const VERSIONED_FILES: readonly string[] = Object.keys(PLACES)

/** The versions that the text of such a file names. */
export function versionsIn(file: string, text: string): string[] {
  return text.match(PLACES[file]!) ?? []
}

export function withVersion(file: string, text: string, version: string): string {
  return text.replace(PLACES[file]!, version)
}
