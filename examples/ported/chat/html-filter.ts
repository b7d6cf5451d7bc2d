const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' };

/** Escapes a text for a page that inserts it as HTML, as the original page does. */
export function filterHtml(message: string): string {
  return message.replace(/[<>&"]/g, (character) => ENTITIES[character] ?? character);
}
