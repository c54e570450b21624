/** Text made comparable: lower case, without accents. */
export function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Whether `text` contains `wanted` anywhere, accents and case ignored. */
export function contains(text: string, wanted: string): boolean {
  return plain(text).includes(plain(wanted.trim()));
}
