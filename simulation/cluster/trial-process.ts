import { type ClusterTrial, clusterTrial, type TrialOptions } from './cluster-trial.js';

/** What became of one seed. Its trace stays behind: it is long, and the seed makes it again. */
export type TrialAnswer = Omit<ClusterTrial, 'trace'>;

/** What such a process is asked. */
export interface TrialQuestion extends TrialOptions {
  readonly seed: number;
}

/** A process that runs the seeds it is asked about, and answers with what became of each. */
process.on('message', ({ seed, ...options }: TrialQuestion) => {
  clusterTrial(seed, options).then(({ trace: _, ...answer }) => process.send?.(answer satisfies TrialAnswer));
});
