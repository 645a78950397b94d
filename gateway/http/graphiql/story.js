// What there is to say of an answer, as rows: no page, no framework. Whatever is missing or of another shape is left out.
'use strict';

const Story = (() => {
  const MOST_ROWS = 100;
  const MOST_VISITED = 200000;
  const list = (value) => (Array.isArray(value) ? value.filter((each) => each !== null && typeof each === 'object') : []);
  const object = (value) => (value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {});
  const extensions = (result) => object(object(result).extensions);
  const dotted = (path) => (Array.isArray(path) ? path.map((part) => (typeof part === 'number' ? '[]' : part)).join('.').replaceAll('.[]', '[]') : '');

  const EMPTY = { closed: 0, open: 0, stale: 0, read: 0, joined: 0 };

  /** One row a vendor: where its parts came from, and how old they are. */
  const origins = (result) => {
    const rows = new Map();
    const row = (vendor) => rows.get(vendor) ?? rows.set(vendor, { vendor, ...EMPTY }).get(vendor);
    for (const part of list(object(extensions(result).sources).parts)) Object.assign(row(part.vendor), part);
    for (const { vendor, asOf, expiresAt, stale } of list(extensions(result).freshness)) {
      Object.assign(row(vendor), { asOf, expiresAt, old: Boolean(stale) });
    }
    return [...rows.values()].sort((one, other) => String(one.vendor).localeCompare(String(other.vendor)));
  };

  const isCoverage = (value) => Array.isArray(value) && value.length > 0 && value.every((each) => each && each.vendor && each.state);

  /** Coverage of every connection that asked for it, rows of a list taken together: path, vendor, state, code, count. */
  const coverage = (result) => {
    const found = new Map();
    let visited = 0;
    const visit = (value, path) => {
      if (value === null || typeof value !== 'object' || ++visited > MOST_VISITED) return;
      if (Array.isArray(value)) {
        value.forEach((each) => visit(each, `${path}[]`));
        return;
      }
      for (const [name, member] of Object.entries(value)) {
        if (isCoverage(member)) {
          for (const { vendor, state, code, stale } of member) {
            const key = [path, vendor, state, code ?? '', stale ? 'stale' : ''].join('\n');
            const row = found.get(key) ?? { path, vendor, state, code: code ?? null, stale: Boolean(stale), count: 0 };
            found.set(key, { ...row, count: row.count + 1 });
          }
        } else visit(member, path ? `${path}.${name}` : name);
      }
    };
    visit(object(result).data, '');
    return [...found.values()];
  };

  const trouble = (kind) => (each) => {
    const more = kind === 'error' ? object(each.extensions) : each;
    return {
      kind, path: dotted(each.path), vendor: more.vendor ?? null, code: more.code ?? null, count: more.count ?? 1,
      message: typeof each.message === 'string' ? each.message : '', retryAfter: more.retryAfter ?? null,
    };
  };

  /** Fields without an answer, and vendors missing from those that have one. */
  const troubles = (result) => [
    ...list(object(result).errors).map(trouble('error')),
    ...list(extensions(result).failures).map(trouble('missing')),
  ];

  const sources = (result) => {
    const told = extensions(result).sources;
    return told && typeof told === 'object' ? { ...told, calls: list(told.calls), parts: list(told.parts) } : null;
  };

  const cost = (result) => {
    const told = extensions(result).cost;
    return told && typeof told === 'object' ? { ...told, upstreamCalls: object(told.upstreamCalls), limits: object(told.limits) } : null;
  };

  const calls = (result) => (sources(result)?.calls ?? []).reduce((sum, line) => sum + (line.calls ?? 0), 0);
  const kept = (result) => origins(result).reduce((sum, row) => sum + row.closed + row.open + row.stale, 0);

  const states = (row) => ['closed', 'open', 'stale'].filter((state) => row[state]).map((state) => `${row[state]} ${state}`).join(', ');

  const some = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

  /** The answer in one line. */
  const line = (record) => {
    if (!record) return 'Nothing has been asked in this tab.';
    if (record.state === 'asking') return record.live ? 'Waiting for the first event …' : 'Asking …';
    if (record.state === 'broken') return `No answer: ${record.error}`;
    if (record.live) return `${some(record.events ?? 0, 'event')} so far`;
    const told = sources(record.result);
    const wrong = troubles(record.result);
    const parts = [];
    if (told?.answer === 'KEPT') parts.push(`A kept answer, ${some(told.age ?? 0, 'second')} old: nothing was asked`);
    else if (told?.answer === 'SHARED') parts.push('Shared with a question under way: nothing was asked for this one');
    else if (told) parts.push(calls(record.result) ? some(calls(record.result), 'call') + ' upstream' : 'Nothing asked upstream');
    if (told?.answer === 'MADE' && kept(record.result)) parts.push(`${some(kept(record.result), 'part')} from the cache`);
    if (wrong.length) parts.push(some(wrong.length, 'problem'));
    if (typeof told?.ms === 'number') parts.push(`${told.ms} ms`);
    return parts.length ? parts.join(' · ') : 'Answered; the gateway tells no sources of it.';
  };

  return { MOST_ROWS, origins, coverage, troubles, sources, cost, calls, kept, states, line, some };
})();
