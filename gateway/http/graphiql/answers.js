// The last answer of each tab, as it came: who asks is GraphiQL, this only looks on. Kept in memory, one a tab.
'use strict';

const Answers = (() => {
  const WISHES = { 'x-gateway-sources': '1', 'x-gateway-cost': '1' };
  const records = new Map();
  const listeners = new Set();
  let front = null;

  const put = (tab, change) => {
    records.set(tab, { ...records.get(tab), ...change });
    listeners.forEach((listen) => listen());
  };

  /** Payloads that come in several pieces: what the first says holds, and `extensions` grow. */
  const joined = (before, pieces) =>
    pieces.reduce(
      (whole, piece) => ({ ...piece, ...whole, extensions: { ...whole?.extensions, ...piece?.extensions } }),
      before ?? {},
    );

  /** What `hear` makes of the events. Not a generator: leaving one has to wait for the next event. */
  const overheard = (events, hear, broke) => ({
    [Symbol.asyncIterator]: () => {
      const inner = events[Symbol.asyncIterator]();
      return {
        next: async () => {
          try {
            const step = await inner.next();
            return step.done ? step : { done: false, value: hear(step.value) };
          } catch (error) {
            broke(error);
            throw error;
          }
        },
        return: (value) => (inner.return ? inner.return(value) : Promise.resolve({ done: true, value })),
        throw: (error) => (inner.throw ? inner.throw(error) : Promise.reject(error)),
      };
    },
  });

  /** A socket that is closed is told as an event, an answer that is none as an error. */
  const broken = (error) => ({ state: 'broken', error: error?.message || error?.reason || 'the connection was closed' });

  const isStream = (answer) => answer !== null && typeof answer === 'object' && Symbol.asyncIterator in answer;

  /** Single answers come as a stream of one, too. */
  const listened = (events, seen, live, own) => {
    let count = 0;
    let before = null;
    const hear = (payload) => {
      count += 1;
      const pieces = Array.isArray(payload) ? payload : [payload];
      before = live || count === 1 ? pieces.at(-1) : joined(before, pieces);
      seen({ state: 'answered', result: before, events: live ? count : undefined });
      return Array.isArray(payload) ? payload : unadorned(payload, own);
    };
    return overheard(events, hear, (error) => seen(broken(error)));
  };

  /** The document as it is now: what GraphiQL knows of it is a moment old, and may be of the question before. */
  const read = (params) => {
    let documentAST;
    try {
      documentAST = GraphiQL.GraphQL.parse(params.query);
    } catch {
      return { params, documentAST, live: false };
    }
    const operations = documentAST.definitions.filter((each) => each.operation);
    const known = operations.some((each) => each.name?.value === params.operationName);
    const operationName = known ? params.operationName : operations.length === 1 ? operations[0].name?.value : undefined;
    const live = operations.some((each) => each.operation === 'subscription' && each.name?.value === operationName);
    return { params: { ...params, operationName }, documentAST, live };
  };

  /** An answer as the reader's own client would get it, without what only this page wishes for. */
  const unadorned = (answer, own) => {
    if (!answer?.extensions) return answer;
    const { sources, cost, ...extensions } = answer.extensions;
    const names = Object.keys(own ?? {}).map((name) => name.toLowerCase());
    if (sources !== undefined && names.includes('x-gateway-sources')) extensions.sources = sources;
    if (cost !== undefined && (names.includes('x-gateway-cost') || !('data' in answer))) extensions.cost = cost;
    const { extensions: _, ...rest } = answer;
    return Object.keys(extensions).length ? { ...rest, extensions } : rest;
  };

  /** GraphiQL's fetcher with the page's key, the wish for sources, and an eye on what comes back. */
  const fetcher = async (asked, opts) => {
    const tab = front;
    const { params, documentAST, live } = read(asked);
    const began = performance.now();
    const run = Symbol('run');
    const seen = (change) => {
      if (records.get(tab)?.run === run) put(tab, change); // an older question may still be told of
    };
    const ask = GraphiQL.createFetcher({
      url: '/graphql',
      subscriptionUrl: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`,
      headers: WISHES,
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        seen({ status: response.status, ms: performance.now() - began });
        return response;
      },
    });
    if (params.operationName !== 'IntrospectionQuery') {
      records.set(tab, { run });
      seen({ state: 'asking', name: params.operationName, live });
    }
    try {
      const answer = await ask(params, { ...opts, documentAST, headers: Keys.headers(opts?.headers) });
      if (isStream(answer)) return listened(answer, seen, live, opts?.headers);
      seen({ state: 'answered', result: answer });
      return unadorned(answer, opts?.headers);
    } catch (error) {
      seen(broken(error));
      throw error;
    }
  };

  const subscribe = (listen) => {
    listeners.add(listen);
    return () => listeners.delete(listen);
  };

  return {
    fetcher,
    /** The tab in front, told by what is drawn with it: questions are asked from there. */
    follow: (tab) => {
      front = tab;
    },
    useLast: (tab) => React.useSyncExternalStore(subscribe, () => records.get(tab)),
  };
})();
