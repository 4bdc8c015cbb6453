import { ClusterDeployment } from '../deployment/cluster-deployment.js';
import { parseArguments } from './arguments.js';
import { show } from './program.js';

/** The city on an application of three nodes. */
process.exitCode = await show(parseArguments(process.argv.slice(2)), ClusterDeployment.start);
