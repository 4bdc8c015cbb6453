/** The two calls used of a package that ships no types. */
declare module 'fs-native-extensions' {
  /** Takes the exclusive lock of an open file; `false` when another open file description has it. */
  export function tryLock(fd: number): boolean;
  export function unlock(fd: number): void;
}
