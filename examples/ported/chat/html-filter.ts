const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' };

/** Makes a text harmless for a page that inserts it as HTML, as the original's page does. */
export function filterHtml(message: string): string {
  return message.replace(/[<>&"]/g, (character) => ENTITIES[character] ?? character);
}
