const signals = ['SIGINT', 'SIGTERM'] as const;

/**
 * What comes so soon after a first signal is no second one: a terminal gives Ctrl-C to all processes that it shows, and npm passes it
 * on to the one that it runs.
 */
const echoMs = 500;

/** Calls `stop` at the first SIGINT or SIGTERM. Returns how to stop listening. */
export function onStopSignal(stop: () => void): () => void {
  let echo: NodeJS.Timeout | undefined;
  const release = () => {
    clearTimeout(echo);
    for (const signal of signals) process.off(signal, heard);
  };
  const heard = () => {
    if (echo !== undefined) return;
    // A second signal ends the process the host's way.
    echo = setTimeout(release, echoMs).unref();
    stop();
  };
  for (const signal of signals) process.on(signal, heard);
  return release;
}
