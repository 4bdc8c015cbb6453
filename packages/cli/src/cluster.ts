import {
  type Inbox,
  type Membership,
  nodePlatform,
  Operator,
  StatefulFunctionsError,
  type Transport,
} from '@stateful-functions/core';
import { optionalPackage } from './optional-package.js';

/** Which cluster is meant. */
export interface ClusterChoice {
  /** `--nats`: one or more servers, with commas between them. */
  readonly nats?: string | undefined;
  /** `--app`: keeps applications apart that share a server. */
  readonly app?: string | undefined;
}

/** A connection by which nodes meet. */
export interface ClusterConnection {
  readonly transport: Transport;
  readonly membership: Membership;
  readonly inbox: Inbox;
  close(): Promise<void>;
}

/** Connects to the servers of `--nats`; credentials are in the environment. @throws SF_INVALID_OPTION and what connecting throws */
export async function connect({ nats = '', app }: ClusterChoice): Promise<ClusterConnection> {
  if (app === undefined) {
    throw new StatefulFunctionsError(
      'SF_INVALID_OPTION',
      '--nats is given without the name of the application. Give it as well, with --app.',
    );
  }
  const { NatsCluster } = await optionalPackage(
    '@stateful-functions/nats-transport',
    'a cluster',
    () => import('@stateful-functions/nats-transport'),
  );
  return NatsCluster.connect({ servers: nats.split(','), application: app, ...credentials(process.env) });
}

/** Has something done by an operator, and closes the connection again. */
export async function operate<T>(choice: ClusterChoice, work: (operator: Operator) => Promise<T>): Promise<T> {
  const cluster = await connect(choice);
  const operator = new Operator({ platform: nodePlatform(), ...cluster });
  try {
    return await work(operator);
  } finally {
    await operator.close();
    await cluster.close();
  }
}

/** Secrets have no place on a command line, where everybody on the machine can read them. */
function credentials(environment: NodeJS.ProcessEnv) {
  const found = {
    user: environment.SF_NATS_USER,
    password: environment.SF_NATS_PASSWORD,
    token: environment.SF_NATS_TOKEN,
    nkeySeed: environment.SF_NATS_NKEY,
    credentialsFile: environment.SF_NATS_CREDENTIALS_FILE,
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}
