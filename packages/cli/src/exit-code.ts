/** How `sf` ends. Scripts may rely on these. */
export const exitCode = {
  fine: 0,
  /** Something failed; its code and a sentence are on the standard error output. */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** `sf checkpoints verify` has found damage. */
  damage: 3,
} as const;
