import { type Bar, type Result, reaches } from './benchmark.js';
import type { Change, EarlierRun } from './earlier-run.js';

/** One figure as a line of JSON, beside what became of it since an earlier run. */
export function lineOf(result: Result, earlier?: EarlierRun): string {
  const { benchmark, case: name, metric, unit, median, most, baseline, ratio, bar } = result;
  return JSON.stringify({
    benchmark,
    case: name,
    metric,
    value: rounded(median),
    most: rounded(most),
    unit,
    baseline,
    ratio: ratio === null ? null : Number(ratio.toPrecision(4)),
    bar,
    reached: reaches(result) ?? null,
    ...(earlier === undefined ? {} : { earlier: earlier.changeOf(result) ?? null }),
  });
}

/** Figures as a table for people, each beside the one of an earlier run. */
export function tableOf(results: readonly Result[], earlier?: EarlierRun): string {
  const lines = results.map((row) => [
    row.benchmark,
    row.case,
    row.metric,
    `${grouped(row.median)} ${row.unit}`,
    `${grouped(row.least)} – ${grouped(row.most)}`,
    row.ratio === null ? '' : percent(row.ratio),
    row.bar === null ? '' : `${barText(row.bar)}: ${reaches(row) ? 'reached' : 'missed'}`,
    ...(earlier === undefined ? [] : changeCells(earlier.changeOf(row))),
  ]);
  const titles = ['benchmark', 'case', 'metric', 'median', 'least – most', 'of baseline', 'bar'];
  const changes = ['earlier', 'change', 'of baseline earlier', 'change'];
  const table = [earlier === undefined ? titles : [...titles, ...changes], ...lines];
  const widths = (table[0] as string[]).map((_, column) =>
    Math.max(...table.map((line) => (line[column] as string).length)),
  );
  return table
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] as number))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function barText(bar: Bar): string {
  const show = bar.of === 'ratio' ? percent : grouped;
  return 'atLeast' in bar ? `${bar.of} at least ${show(bar.atLeast)}` : `${bar.of} at most ${show(bar.atMost)}`;
}

function changeCells(change: Change | undefined): string[] {
  if (change === undefined) return ['none', '', '', ''];
  const signed = (share: number | null) => (share === null ? '' : `${share < 0 ? '' : '+'}${percent(share)}`);
  const ratio = change.ratio === null ? '' : percent(change.ratio);
  return [grouped(change.value), signed(change.change), ratio, signed(change.ratioChange)];
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`;
}

function grouped(figure: number): string {
  return rounded(figure).toLocaleString('en-US');
}

/** Small figures keep two digits behind the point. */
function rounded(figure: number): number {
  return Math.abs(figure) < 100 ? Math.round(figure * 100) / 100 : Math.round(figure);
}
