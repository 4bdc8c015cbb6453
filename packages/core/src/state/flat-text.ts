const most = 64;
const bytes = Buffer.allocUnsafeSlow(most * 3);

/**
 * The same text in one piece. A text that was put together out of others refers to its pieces for ever, or to one that has been made
 * of them: one more place to look each time it is compared, hashed or encoded. For texts that stay.
 */
export function flat(text: string): string {
  if (text.length > most) return text;
  const copy = bytes.toString('utf8', 0, bytes.write(text, 'utf8'));
  return copy === text ? copy : text;
}
