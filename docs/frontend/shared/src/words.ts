// How the page says things, whichever client asked.

export interface Measured {
  count: number;
  startsAt: string;
}

export function inside(measured: Measured | undefined): string {
  return measured ? `${measured.count} inside at ${measured.startsAt.slice(11, 16)} UTC` : "not measured";
}

/** A field is null where every vendor of it failed: say so, it is not zero. */
export function entries(visits: { totals?: { entries: number } | null } | null | undefined): string {
  return visits?.totals ? `${visits.totals.entries} came in` : "no figures";
}

/** Lines of coverage that a reader must know of: something is missing from the rows, or old. */
export function gaps(coverage: readonly { vendor: string; state: string; stale: boolean }[]): string[] {
  const lines = coverage.filter(({ state, stale }) => stale || state === "FAILED" || state === "PARTIAL");
  return lines.map(({ vendor, state, stale }) => `${vendor} ${stale ? "STALE" : state}`);
}
