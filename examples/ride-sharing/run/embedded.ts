import { EmbeddedDeployment } from '../deployment/embedded-deployment.js';
import { parseArguments } from './arguments.js';
import { show } from './program.js';

/** The city on an application in this process. */
process.exitCode = await show(parseArguments(process.argv.slice(2)), EmbeddedDeployment.start);
