// Opens GraphiQL with the example questions as tabs. Their windows are filled in here, in the reader's own today, so
// that the examples never go stale.
'use strict';

const DAY = 24 * 60 * 60 * 1000;
const midnight = Math.floor(Date.now() / DAY) * DAY;
const instant = (time) => new Date(time).toISOString().replace('.000Z', 'Z');
const day = (time) => instant(time).slice(0, 10);

const FILLED_IN = {
  window: { from: instant(midnight - DAY), to: instant(midnight) },
  days: { from: day(midnight - 7 * DAY), to: day(midnight - DAY) },
};

const tab = (query) => {
  const asked = Object.entries(FILLED_IN).filter(([name]) => query.includes('$' + name));
  return { query, variables: JSON.stringify(Object.fromEntries(asked), null, 2) };
};

const tabs = JSON.parse(document.getElementById('examples').textContent).map(tab);
const visited = localStorage.getItem('graphiql:tabState') !== null;
ReactDOM.createRoot(document.getElementById('graphiql')).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: '/graphql' }),
    defaultTabs: tabs,
    // GraphiQL takes the open tab's variables from here, not from the tab; later visits have their own.
    variables: visited ? undefined : tabs[0].variables,
    defaultEditorToolsVisibility: 'variables',
    shouldPersistHeaders: false,
  }),
);
