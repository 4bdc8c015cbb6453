import { readFile } from 'node:fs/promises';
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

/**
 * Connects to the servers of `--nats`; credentials and certificates are in the environment.
 *
 * @throws SF_INVALID_OPTION, SF_CREDENTIALS and what connecting throws
 */
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
  return NatsCluster.connect({
    servers: nats.split(','),
    application: app,
    ...credentials(process.env),
    ...(await certificates(process.env)),
  });
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
  return onlyGiven(found);
}

/** What TLS takes, from files. Without any, the address of a server tells whether it is to be TLS: `tls://…`. */
async function certificates(environment: NodeJS.ProcessEnv) {
  const tls = onlyGiven({
    ca: await fileAt(environment, 'SF_NATS_CA_FILE'),
    cert: await fileAt(environment, 'SF_NATS_CERT_FILE'),
    key: await fileAt(environment, 'SF_NATS_KEY_FILE'),
  });
  return Object.keys(tls).length === 0 ? {} : { tls };
}

/** The text of the file that a variable names. @throws SF_CREDENTIALS */
async function fileAt(environment: NodeJS.ProcessEnv, name: string): Promise<string | undefined> {
  const path = environment[name];
  if (path === undefined) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const message = `${name} is ${JSON.stringify(path)}, which cannot be read: ${(cause as Error).message}. Name a PEM file.`;
    throw new StatefulFunctionsError('SF_CREDENTIALS', message, { cause });
  }
}

function onlyGiven(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
