// What the last answer of the tab in front was made of: asked upstream, kept, covered, missing, and what it cost.
'use strict';

const Sources = (() => {
  const h = React.createElement;
  const { useEditorContext } = GraphiQL.React;

  const Icon = () =>
    h('svg', { viewBox: '0 0 24 24', fill: 'none', stroke: 'currentColor', strokeWidth: 1.5, 'aria-hidden': true },
      h('ellipse', { cx: 12, cy: 5.5, rx: 8, ry: 2.5 }),
      h('path', { d: 'M4 5.5v6.5c0 1.4 3.6 2.5 8 2.5s8-1.1 8-2.5V5.5M4 12v6.5C4 19.9 7.6 21 12 21s8-1.1 8-2.5V12' }));

  const number = (value, unit = '') => (typeof value === 'number' ? `${value.toLocaleString('en')}${unit}` : '');
  const today = () => new Date().toISOString().slice(0, 10);
  const clock = (instant) => {
    if (typeof instant !== 'string') return 'final';
    const [date, time] = instant.replace(/\.\d+|Z/g, '').split('T');
    return h('time', { dateTime: instant, title: instant }, date === today() ? time : `${date} ${time}`);
  };
  const pairs = (counts) => Object.entries(counts ?? {}).map(([word, count]) => (word === 'ok' && count ? `${count} ok` : `${count} × ${word}`));

  /** A table; `columns` are [heading, cell of a row, numeric?]. Long ones are cut, and say so. */
  const Table = ({ label, columns, rows, foot }) =>
    h('div', { className: 'gw-scroll', tabIndex: 0, role: 'region', 'aria-label': label },
      h('table', null,
        h('thead', null, h('tr', null, columns.map(([heading, , numeric]) => h('th', { key: heading, scope: 'col', className: numeric ? 'gw-number' : undefined }, heading)))),
        h('tbody', null, rows.slice(0, Story.MOST_ROWS).map((row, index) =>
          h('tr', { key: index }, columns.map(([heading, cell, numeric]) => h('td', { key: heading, className: numeric ? 'gw-number' : undefined }, cell(row)))))),
        foot ? h('tfoot', null, foot) : null),
      rows.length > Story.MOST_ROWS ? h('p', { className: 'gw-note' }, `and ${rows.length - Story.MOST_ROWS} more`) : null);

  const Section = ({ title, children }) => h('section', { 'aria-label': title }, h('h3', null, title), children);
  const Note = ({ children }) => h('p', { className: 'gw-note' }, children);

  const Ends = ({ line }) => {
    const well = Object.keys(line.outcomes ?? {}).every((word) => word === 'ok') && !Object.keys(line.refused ?? {}).length;
    const refused = pairs(line.refused).map((text) => `${text} (never sent)`);
    const retries = line.retries ? [Story.some(line.retries, 'retry', 'retries')] : [];
    return h('span', { className: well ? 'gw-good' : 'gw-bad' }, [...pairs(line.outcomes), ...refused, ...retries].join(', '));
  };

  const Asked = ({ record }) => {
    const told = Story.sources(record.result);
    if (!told) return h(Note, null, 'The gateway tells it with scope read, for queries and mutations.');
    if (told.answer === 'KEPT') return h(Note, null, `Nothing: this is a finished answer, kept ${Story.some(told.age, 'second')} ago.`);
    if (told.answer === 'SHARED') return h(Note, null, 'Nothing for this question: the same one was under way, and its answer is this.');
    if (!told.calls.length) return h(Note, null, Story.kept(record.result) ? 'Nothing: all of it was there.' : 'Nothing.');
    const sizes = told.calls.some((line) => typeof line.bytes === 'number');
    const waits = told.calls.some((line) => line.quotaWaitMs >= 1);
    const columns = [
      ['Vendor', (line) => line.vendor],
      ['Endpoint', (line) => line.endpoint],
      ['Calls', (line) => line.calls, true],
      ['Ended', (line) => h(Ends, { line })],
      ['Slowest', (line) => number(line.slowestMs, ' ms'), true],
    ];
    if (waits) columns.push(['Quota wait', (line) => number(line.quotaWaitMs, ' ms'), true]);
    if (sizes) columns.push(['Size', (line) => number(Math.ceil((line.bytes ?? 0) / 1024), ' kB'), true]);
    const foot = h('tr', null, h('th', { scope: 'row', colSpan: 2 }, 'In all'), h('td', { className: 'gw-number' }, Story.calls(record.result)), h('td', { colSpan: columns.length - 3 }));
    return h(Table, { label: 'Asked upstream', columns, rows: told.calls, foot });
  };

  const Origins = ({ record }) => {
    const rows = Story.origins(record.result);
    const told = Story.sources(record.result);
    if (!rows.length) return h(Note, null, 'No vendor’s data is in this answer.');
    const counted = told?.answer === 'MADE';
    const columns = [['Vendor', (row) => row.vendor]];
    if (counted) {
      columns.push(
        ['Kept', (row) => row.closed + row.open + row.stale, true],
        ['Of that', (row) => Story.states(row)],
        ['Read now', (row) => row.read, true],
        ['Joined', (row) => row.joined, true],
      );
    }
    columns.push(
      ['As of (UTC)', (row) => (row.old ? h('span', { className: 'gw-bad' }, clock(row.asOf), ' stale') : 'asOf' in row ? clock(row.asOf) : '')],
      ['Until', (row) => ('expiresAt' in row ? clock(row.expiresAt) : '')],
    );
    return h(Table, { label: 'Where it came from', columns, rows });
  };

  const STATES = { COMPLETE: 'gw-good', PARTIAL: 'gw-bad', FAILED: 'gw-bad' };

  const Coverage = ({ record }) => {
    const rows = Story.coverage(record.result);
    if (!rows.length) return h(Note, null, 'No connection here selects ', h('code', null, 'coverage { vendor state code }'), '.');
    return h(Table, {
      label: 'Coverage',
      rows,
      columns: [
        ['Where', (row) => h('code', null, row.path)],
        ['Vendor', (row) => row.vendor],
        ['State', (row) => h('span', { className: STATES[row.state] }, [row.state, row.code, row.stale ? 'stale' : null].filter(Boolean).join(' · '))],
        ['×', (row) => row.count, true],
      ],
    });
  };

  const Troubles = ({ record }) => {
    const rows = Story.troubles(record.result);
    if (!rows.length) return h(Note, null, 'None.');
    return h(Table, {
      label: 'Failures',
      rows,
      columns: [
        ['Where', (row) => h('code', null, row.path || '(the question)')],
        ['Vendor', (row) => row.vendor ?? ''],
        ['Code', (row) => h('span', { className: 'gw-bad' }, row.code ?? 'error')],
        ['What', (row) => `${row.message}${row.kind === 'missing' ? ' Others answered.' : ''}${row.count > 1 ? ` (${row.count} rows)` : ''}${row.retryAfter ? ` Again in ${row.retryAfter} s.` : ''}`],
      ],
    });
  };

  const Cost = ({ record }) => {
    const told = Story.cost(record.result);
    const times = [
      ['In the gateway', number(Story.sources(record.result)?.ms, ' ms')],
      ['Seen from here', number(typeof record.ms === 'number' ? Math.round(record.ms) : undefined, ' ms')],
      ['HTTP status', record.status],
    ];
    const price = told
      ? [
          ['Rows, priced', `${number(told.rows)} of ${number(told.limit)}`],
          ['Values, priced', `${number(told.values)} of ${number(told.limits.values)}`],
          ['Calls, priced', Object.entries(told.upstreamCalls).map(([vendor, count]) => `${vendor} ${count}`).join(', ') || 'none'],
        ]
      : [];
    return h('dl', null, [...price, ...times].filter(([, value]) => value !== '' && value !== undefined).map(([term, value]) =>
      h(React.Fragment, { key: term }, h('dt', null, term), h('dd', null, value))));
  };

  const SECTIONS = [
    ['Asked upstream', Asked],
    ['Where it came from', Origins],
    ['Coverage', Coverage],
    ['Failures', Troubles],
    ['Price and time', Cost],
  ];

  const useFront = () => {
    const { tabs, activeTabIndex } = useEditorContext({ nonNull: true });
    const tab = tabs[activeTabIndex]?.id;
    return [tab, Answers.useLast(tab)];
  };

  const Content = () => {
    const [, record] = useFront();
    const answered = record?.state === 'answered';
    return h('div', { className: 'gw-panel' },
      h('h2', { className: 'gw-title' }, 'Sources'),
      h('p', { className: 'gw-line' }, record?.name ? h('strong', null, `${record.name}: `) : null, Story.line(record)),
      answered && record.live ? h(Note, null, 'One poller asks for all subscribers of a site, so no call is any one subscriber’s.') : null,
      answered ? SECTIONS.filter(([, Part]) => !record.live || Part === Coverage || Part === Troubles).map(([title, Part]) => h(Section, { key: title, title }, h(Part, { record }))) : null);
  };

  /** Below every answer: the one line, whether the panel is open or not. */
  const Summary = () => {
    const [tab, record] = useFront();
    Answers.follow(tab);
    return h('div', { className: 'gw-summary', role: 'status' }, Story.line(record));
  };

  return { Summary, plugin: { title: 'Sources', icon: Icon, content: Content } };
})();
