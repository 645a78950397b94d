// Keys: given once for the page, or in a tab's own Headers. Kept in memory alone: never in a URL, and never in
// localStorage unless the reader has switched "Persist headers" on in GraphiQL's settings.
'use strict';

const Keys = (() => {
  const h = React.createElement;
  const { useSchemaContext } = GraphiQL.React;
  const WISH = 'graphiql:shouldPersistHeaders';
  const HOLDERS = ['graphiql:headers', 'graphiql:tabState', 'graphiql:queries', 'graphiql:favorites'];
  const FORMS = {
    'X-API-Key': (key) => ({ 'X-API-Key': key }),
    'Authorization: Bearer': (key) => ({ Authorization: `Bearer ${key}` }),
  };
  const withheld = {};
  let given = {};

  const persisting = () => localStorage.getItem(WISH) === 'true';

  /** What GraphiQL is about to keep, without any headers. Its history would keep them whatever the setting says. */
  const without = (name, value) => {
    if (!HOLDERS.includes(name)) return value;
    if (name === 'graphiql:headers') return '';
    try {
      return JSON.stringify(JSON.parse(value, (member, held) => (member === 'headers' ? null : held)));
    } catch {
      return '';
    }
  };

  const storage = {
    getItem: (name) => localStorage.getItem(name),
    setItem: (name, value) => {
      withheld[name] = value;
      localStorage.setItem(name, persisting() ? value : without(name, value));
      if (name === WISH) recall(value === 'true');
    },
    removeItem: (name) => {
      delete withheld[name];
      localStorage.removeItem(name);
    },
    clear: () => Object.keys(localStorage).filter((name) => name.startsWith('graphiql:')).forEach((name) => localStorage.removeItem(name)),
    get length() {
      return Object.keys(localStorage).filter((name) => name.startsWith('graphiql:')).length;
    },
  };

  /** The reader has changed his mind. GraphiQL hands the headers over before it says so. */
  const recall = (wanted) => {
    for (const name of HOLDERS) {
      const value = (wanted ? withheld[name] : null) ?? localStorage.getItem(name);
      if (value !== null) localStorage.setItem(name, wanted ? value : without(name, value));
    }
  };

  const whoAmI = async () => {
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...given },
      body: JSON.stringify({ query: '{ viewer { name scopes } }' }),
    });
    const { data, errors } = await response.json();
    if (!data?.viewer) return { refused: errors?.[0]?.message ?? `HTTP ${response.status}` };
    return { name: data.viewer.name, scopes: data.viewer.scopes };
  };

  const Icon = () =>
    h('svg', { viewBox: '0 0 24 24', fill: 'none', stroke: 'currentColor', strokeWidth: 1.5, 'aria-hidden': true },
      h('circle', { cx: 8, cy: 15, r: 4.5 }),
      h('path', { d: 'M11.5 11.5 20 3M16 7l3 3M18.5 4.5 21 7' }));

  const Said = ({ said }) => {
    if (said === null) return null;
    if (said.refused) return h('p', { className: 'gw-bad' }, `Refused: ${said.refused}`);
    const scopes = said.scopes.length ? said.scopes.join(', ') : 'nothing';
    return h('p', null, 'The gateway takes you for ', h('strong', null, said.name), `, who may: ${scopes}.`);
  };

  const Content = () => {
    const { introspect } = useSchemaContext({ nonNull: true });
    const [form, setForm] = React.useState('X-API-Key');
    const [key, setKey] = React.useState('');
    const [said, setSaid] = React.useState(null);
    const [set, setSet] = React.useState(Object.keys(given)[0]);
    const use = async (headers) => {
      given = headers;
      setKey('');
      const answer = await whoAmI().catch((error) => ({ refused: error.message }));
      if (answer.refused) given = {}; // with a bad key nothing would be answered, with none perhaps something
      setSaid(answer);
      setSet(Object.keys(given)[0]);
      introspect();
    };
    const sent = (event) => {
      event.preventDefault();
      if (key.trim()) use(FORMS[form](key.trim()));
    };
    return h('div', { className: 'gw-panel' },
      h('h2', { className: 'gw-title' }, 'Keys'),
      h('p', null, 'A key given here goes with every question of this page, over HTTP and WebSocket. It is forgotten when the page is reloaded.'),
      h('form', { onSubmit: sent, autoComplete: 'off', className: 'gw-form' },
        h('label', null, 'Send it as',
          h('select', { value: form, onChange: (event) => setForm(event.target.value) },
            Object.keys(FORMS).map((name) => h('option', { key: name }, name)))),
        h('label', null, 'Key or token',
          h('input', {
            type: 'password', value: key, autoComplete: 'off', spellCheck: false, placeholder: '43 characters, or a JWT',
            onChange: (event) => setKey(event.target.value),
          })),
        h('div', { className: 'gw-buttons' },
          h('button', { type: 'submit', className: 'graphiql-button', disabled: !key.trim() }, 'Use'),
          h('button', { type: 'button', className: 'graphiql-button', disabled: !set, onClick: () => use({}) }, 'Forget'))),
      h('div', { role: 'status' },
        set ? h('p', null, h('code', null, set), ' is sent with every question.') : h('p', null, 'No key is set for the page.'),
        h(Said, { said })),
      h('h3', null, 'For one tab'),
      h('p', null, 'Write it in the tab’s Headers, below the question. There it wins over the page’s.'),
      h('pre', null, '{ "X-API-Key": "…" }\n{ "Authorization": "Bearer …" }'),
      h('p', null, 'Headers are not kept either, unless you switch “Persist headers” on in the settings.'));
  };

  return {
    storage,
    persisting,
    /** The headers of one question: the page's, then the tab's own, whatever the case of their names. */
    headers: (own = {}) => {
      const named = new Set(Object.keys(own).map((name) => name.toLowerCase()));
      const credential = named.has('authorization') || named.has('x-api-key');
      return credential ? { ...own } : { ...given, ...own };
    },
    plugin: { title: 'Keys', icon: Icon, content: Content },
  };
})();
