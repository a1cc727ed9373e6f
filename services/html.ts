// Owns how text enters an HTML page: as text, whatever is in it, between tags and in quoted attributes.

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
