/**
 * GraphiQL on a phone. Its own layout is three columns at any width: at 360 px the answer had 22.
 * "!important" is against sizes that it writes into style attributes for its drag bars.
 */
export const NARROW_STYLE = `
@media (max-width: 700px) {
  .graphiql-container, .graphiql-container .graphiql-main, .graphiql-container #graphiql-session {
    flex-direction: column;
  }
  .graphiql-container .graphiql-main, .graphiql-container #graphiql-session { min-height: 0; }
  .graphiql-container .graphiql-sidebar {
    flex-direction: row; flex-shrink: 0; width: 100%; padding: 0 8px; overflow-x: auto;
  }
  .graphiql-container .graphiql-sessions { margin: 0; border-radius: 0; min-height: 0; }
  .graphiql-container .graphiql-logo, .graphiql-container .graphiql-horizontal-drag-bar { display: none; }
  .graphiql-container .graphiql-plugin { flex: 1 1 0% !important; min-height: 0; width: 100%; }
  .graphiql-container .graphiql-editors { flex: 3 1 0% !important; min-height: 0; }
  .graphiql-container .graphiql-query-editor { padding: 8px 8px 8px 0; column-gap: 8px; min-height: 0; }
  .graphiql-container .graphiql-toolbar { flex-shrink: 0; min-height: 0; overflow: hidden auto; }
  .graphiql-container .graphiql-response { flex: 2 1 0% !important; min-height: 0; }
}
`;
