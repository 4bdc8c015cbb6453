/** The host's code of what a file operation failed with (`ENOENT`, `EEXIST`, …), if it has one. */
export function hostCode(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

/** Whether the host found no room for what was written: the disk is full, or the quota used up. */
export function isDiskFull(error: unknown): boolean {
  const code = hostCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}
