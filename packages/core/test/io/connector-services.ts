import { nodePlatform } from '../../src/node/node-platform.js';
import type { FileSystem } from '../../src/ports/file-system.js';
import type { ConnectorServices } from '../../src/ports/ingress-source.js';
import { silentLogger } from '../../src/ports/logger.js';

/** What an application lends to a connector: on `files`, or on the host's. */
export function connectorServices(files?: FileSystem): ConnectorServices {
  const platform = nodePlatform();
  return { platform: files === undefined ? platform : { ...platform, files }, logger: silentLogger };
}
