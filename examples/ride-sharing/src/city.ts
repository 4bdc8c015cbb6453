/** The city is a square of so many cells a side; a cell is a number, row by row. */
export const side = 50;
export const cellCount = side * side;

export function cellAt(x: number, y: number): number {
  return y * side + x;
}

export function columnOf(cell: number): number {
  return cell % side;
}

export function rowOf(cell: number): number {
  return Math.floor(cell / side);
}

/** The cell itself, and then those around it. */
export function neighbourhood(cell: number): number[] {
  const cells = [cell];
  for (let y = rowOf(cell) - 1; y <= rowOf(cell) + 1; y += 1) {
    for (let x = columnOf(cell) - 1; x <= columnOf(cell) + 1; x += 1) {
      const isInside = x >= 0 && x < side && y >= 0 && y < side;
      if (isInside && cellAt(x, y) !== cell) cells.push(cellAt(x, y));
    }
  }
  return cells;
}
