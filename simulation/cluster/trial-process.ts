import { type ClusterTrial, clusterTrial } from './cluster-trial.js';

/** What became of one seed. */
export type TrialAnswer = ClusterTrial;

/** A process that runs the seeds it is sent, and answers with what became of each. */
process.on('message', (seed: number) => {
  clusterTrial(seed).then((trial) => process.send?.(trial satisfies TrialAnswer));
});
