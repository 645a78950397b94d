// Opens GraphiQL: a few questions of the cookbook in tabs for those who come for the first time, their own tabs later.
'use strict';

{
  const h = React.createElement;
  const visited = localStorage.getItem('graphiql:tabState') !== null;
  if (!visited) Keys.storage.setItem('graphiql:docExplorerFlex', '0.5'); // the tables of Sources want some room
  ReactDOM.createRoot(document.getElementById('graphiql')).render(
    h(
      GraphiQL,
      {
        fetcher: Answers.fetcher,
        storage: Keys.storage,
        plugins: [Cookbook.plugin, Sources.plugin, Keys.plugin],
        visiblePlugin: visited ? undefined : Cookbook.plugin,
        defaultTabs: Cookbook.firstTabs,
        // GraphiQL takes the open tab's variables from here, not from the tab; later visits have their own.
        variables: visited ? undefined : Cookbook.firstTabs[0].variables,
        defaultEditorToolsVisibility: 'variables',
        shouldPersistHeaders: Keys.persisting(),
        showPersistHeadersSettings: true,
      },
      h(GraphiQL.Footer, null, h(Sources.Summary)),
    ),
  );
}
