import { register } from 'node:module';

/** A process that runs seeds, as `trial-process` does, with a core that is broken as the mutant named by its argument is. */
register('./hooks.js', import.meta.url, { data: process.argv[2] });
await import('../cluster/trial-process.js');
