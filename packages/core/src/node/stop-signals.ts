/** Calls `stop` at the first SIGINT or SIGTERM. Returns how to stop listening. */
export function onStopSignal(stop: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const release = () => {
    for (const signal of signals) process.off(signal, heard);
  };
  const heard = () => {
    release(); // A second signal ends the process the host's way.
    stop();
  };
  for (const signal of signals) process.on(signal, heard);
  return release;
}
