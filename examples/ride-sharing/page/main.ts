import { CityMap } from './city-map.js';
import type { Frame } from './frame.js';
import { Panel } from './panel.js';

const map = new CityMap(document.getElementById('map') as HTMLCanvasElement);
const panel = new Panel();
const events = new EventSource('/events');

events.addEventListener('message', ({ data }) => {
  const frame = JSON.parse(data as string) as Frame;
  panel.show(frame, map.show(decodeDrivers(frame.drivers), frame.waiting));
});
events.addEventListener('error', () => panel.lose());

/** One 16-bit number for each driver. */
function decodeDrivers(base64: string): Uint16Array {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new Uint16Array(bytes.buffer);
}
