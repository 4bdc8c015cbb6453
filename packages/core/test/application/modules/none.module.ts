/** Looks like a module, and is not marked. */
export class Unmarked {
  configure(): void {}
}
