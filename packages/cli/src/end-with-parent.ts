/** In a process that was started with a channel: ends it in good order when the process is gone that started it. */
export function endWithParent(): void {
  if (process.channel === undefined) return;
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel?.unref();
}
