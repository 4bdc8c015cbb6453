const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A number of bytes for people: `1.2 MiB`. */
export function byteSize(bytes: number): string {
  let size = bytes;
  let unit = 0;
  // What would be shown as 1024 of a unit is one of the next.
  while (unit < units.length - 1 && size >= 1_023.95) {
    size /= 1_024;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}
