import { driverStates, type Frame, type NodeFigures } from './frame.js';
import { History } from './history.js';

/** The figures beside the map. */
export class Panel {
  readonly #history = new History(element('history') as HTMLCanvasElement);
  readonly #nodes = new Map<string, NodeCard>();

  show(frame: Frame, drivers: readonly number[]): void {
    const { rides, application, waiting, verdict } = frame;
    this.#history.add(rides.underWay, rides.ended);
    set('under-way', count(rides.underWay));
    set('ended', count(rides.ended));
    set('failed', count(rides.failed));
    set('rate', this.#history.endedPerSecond.toFixed(1));
    for (const [state, name] of driverStates.entries()) set(name, count(drivers[state] ?? 0));
    set('waiting', count(waiting.length));
    set('messages', count(Math.round(application.messagesPerSecond)));
    set('checkpoint', checkpointText(application.checkpoint));
    this.#showNodes(application.nodes);
    if (verdict === undefined) this.#showState(application.isRunning ? 'running' : 'starting', stateText(frame));
    else this.#showVerdict(verdict);
  }

  /** The stream of frames has ended. */
  lose(): void {
    if (element('verdict').hidden) this.#showState('over', 'Stopped');
  }

  #showState(state: 'running' | 'starting' | 'over', text: string): void {
    element('state').dataset.state = state;
    set('state', text);
  }

  #showVerdict(violations: readonly string[]): void {
    this.#showState('over', 'Over');
    const box = element('verdict');
    box.hidden = false;
    if (violations.length > 0) box.dataset.violations = `${violations.length}`;
    box.textContent =
      violations.length === 0
        ? 'Checked: no driver in two rides, no ride with two drivers, each requested ride ended or failed exactly once.'
        : `${violations.length} violations. ${violations[0]}`;
  }

  #showNodes(nodes: readonly NodeFigures[]): void {
    const list = element('nodes');
    list.hidden = nodes.length === 0;
    const all = nodes.reduce((sum, { keyGroups }) => sum + keyGroups, 0);
    for (const node of nodes) {
      let card = this.#nodes.get(node.name);
      if (card === undefined) {
        card = new NodeCard(node.name);
        this.#nodes.set(node.name, card);
        list.append(card.element);
      }
      card.show(node, all);
    }
  }
}

/** A node, with the button that kills it. */
class NodeCard {
  readonly element = document.createElement('article');
  readonly #text = document.createElement('p');
  readonly #button = document.createElement('button');

  constructor(name: string) {
    const title = document.createElement('strong');
    title.textContent = name;
    this.element.className = 'node';
    this.#button.type = 'button';
    this.#button.textContent = 'Kill';
    this.#button.title = `kill -9 the process of ${name}`;
    this.#button.addEventListener('click', () => {
      this.#button.disabled = true;
      void fetch(`/nodes/${name}/kill`, { method: 'POST' });
    });
    this.element.append(title, this.#text, this.#button);
  }

  show({ pid, state, keyGroups }: NodeFigures, allKeyGroups: number): void {
    this.element.dataset.state = state;
    this.#button.disabled = state !== 'running';
    const share = allKeyGroups === 0 ? '' : `, ${Math.round((100 * keyGroups) / allKeyGroups)} % of the city`;
    const texts = { running: `process ${pid}${share}`, starting: `process ${pid} starts …`, down: 'killed' };
    this.#text.textContent = texts[state];
  }
}

function stateText({ application }: Frame): string {
  if (application.isRunning) {
    return application.nodes.length === 0 ? 'Live, in one process' : `Live, on ${application.nodes.length} nodes`;
  }
  return application.checkpoint.index === 0 ? 'Starting …' : 'Recovering from the last checkpoint …';
}

function checkpointText({ index, ageMs, durationMs }: Frame['application']['checkpoint']): string {
  if (ageMs === undefined) return 'none yet';
  return `no. ${count(index)}, ${(ageMs / 1_000).toFixed(1)} s ago, ${Math.round(durationMs)} ms`;
}

function count(value: number): string {
  return value.toLocaleString('en');
}

function set(id: string, text: string): void {
  element(id).textContent = text;
}

function element(id: string): HTMLElement {
  return document.getElementById(id) as HTMLElement;
}
