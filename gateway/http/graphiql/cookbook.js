// The cookbook by topic. A question opens in a tab of its own, its windows filled in from the reader's own today.
'use strict';

const Cookbook = (() => {
  const h = React.createElement;
  const { useEditorContext } = GraphiQL.React;
  const DAY = 24 * 60 * 60 * 1000;
  const midnight = Math.floor(Date.now() / DAY) * DAY;
  const instant = (time) => new Date(time).toISOString().replace('.000Z', 'Z');
  const day = (time) => instant(time).slice(0, 10);
  const FILLED_IN = {
    window: { from: instant(midnight - DAY), to: instant(midnight) },
    days: { from: day(midnight - 7 * DAY), to: day(midnight - DAY) },
  };

  const tabOf = (recipe) => {
    const declared = Object.entries(FILLED_IN).filter(([name]) => new RegExp(`\\$${name}\\b`).test(recipe.query));
    const variables = { ...Object.fromEntries(declared), ...JSON.parse(recipe.variables ?? '{}') };
    return { query: recipe.query, variables: Object.keys(variables).length ? JSON.stringify(variables, null, 2) : '' };
  };

  const recipes = JSON.parse(document.getElementById('cookbook').textContent);
  const topics = [...new Set(recipes.map((recipe) => recipe.topic))];
  const matches = (recipe, words) =>
    words.every((word) => `${recipe.topic} ${recipe.title} ${recipe.about} ${recipe.query}`.toLowerCase().includes(word));

  const Icon = () =>
    h('svg', { viewBox: '0 0 24 24', fill: 'none', stroke: 'currentColor', strokeWidth: 1.5, 'aria-hidden': true },
      h('path', { d: 'M4 19.5V5a2 2 0 0 1 2-2h14v18H6a2 2 0 0 1-2-1.5zm0 0A2 2 0 0 1 6 17h14M8 7h8M8 10.5h5' }));

  /** Opens a question: the tab that has it, or a new one. A new tab's editors can be filled once it is in front. */
  const useOpener = () => {
    const editors = useEditorContext({ nonNull: true });
    const { tabs, activeTabIndex, addTab, changeTab, queryEditor, variableEditor, headerEditor } = editors;
    const waiting = React.useRef(null);
    React.useEffect(() => {
      if (!waiting.current) return;
      const { query, variables, headers } = waiting.current;
      waiting.current = null;
      queryEditor?.setValue(query);
      variableEditor?.setValue(variables);
      if (headers) headerEditor?.setValue(headers);
    }, [activeTabIndex, tabs.length]);
    return (recipe) => {
      const there = tabs.findIndex((tab) => tab.query?.trim() === recipe.query.trim());
      if (there >= 0) {
        if (there !== activeTabIndex) changeTab(there);
        return;
      }
      waiting.current = { ...tabOf(recipe), headers: headerEditor?.getValue() };
      addTab();
    };
  };

  /** Words in backticks are code. */
  const prose = (text) => text.split('`').map((part, index) => (index % 2 ? h('code', { key: index }, part) : part));

  const BADGES = { subscription: 'live', mutation: 'writes' };

  const Entry = ({ recipe, open }) =>
    h('li', null,
      h('button', { type: 'button', className: 'gw-recipe', onClick: () => open(recipe) },
        h('span', { className: 'gw-name' }, recipe.title,
          BADGES[recipe.kind] ? h('span', { className: `gw-badge gw-${recipe.kind}` }, BADGES[recipe.kind]) : null),
        h('span', { className: 'gw-about' }, ...prose(recipe.about))));

  const Content = () => {
    const open = useOpener();
    const [sought, setSought] = React.useState('');
    const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
    const found = recipes.filter((recipe) => matches(recipe, words));
    const shown = topics.filter((topic) => found.some((recipe) => recipe.topic === topic));
    return h('div', { className: 'gw-panel' },
      h('h2', { className: 'gw-title' }, 'Cookbook'),
      h('input', {
        type: 'search', className: 'gw-search', 'aria-label': 'Search the cookbook', placeholder: 'Search: visits, totalCount, Wi-Fi …',
        value: sought, onChange: (event) => setSought(event.target.value),
      }),
      h('p', { role: 'status', className: 'gw-note' }, `${found.length} of ${recipes.length} questions`),
      shown.map((topic) =>
        h('section', { key: topic, 'aria-label': topic },
          h('h3', null, topic[0].toUpperCase() + topic.slice(1)),
          h('ul', { className: 'gw-recipes' },
            found.filter((recipe) => recipe.topic === topic).map((recipe) => h(Entry, { key: recipe.title, recipe, open }))))));
  };

  return {
    firstTabs: recipes.filter((recipe) => recipe.first).map(tabOf),
    plugin: { title: 'Cookbook', icon: Icon, content: Content },
  };
})();
