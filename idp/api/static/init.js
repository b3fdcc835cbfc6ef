"use strict";

// Swagger UI, for the document beside this page.  It asks nobody else: no validator, no addresses from the page's own.
// "Authorize" is code + PKCE at the tenant that the page is about; the page's own window keeps the token, nothing else.
window.addEventListener("DOMContentLoaded", async () => {
  const facts = document.body.dataset;
  if (!facts.document) return;
  const answer = await fetch(facts.document);
  const spec = await answer.json();
  const scopes = Object.keys(spec.components.securitySchemes.management.flows.authorizationCode.scopes);

  // Swagger UI adds `resource` to the query of the token endpoint, which takes it in the form alone (RFC 6749 §3.2).
  const requestInterceptor = (request) => {
    const url = new URL(request.url, window.location.href);
    if (url.pathname.endsWith("/oauth/token") && url.search) {
      request.body = `${request.body}&${url.searchParams}`;
      url.search = "";
      request.url = url.href;
    }
    return request;
  };

  const ui = window.SwaggerUIBundle({
    spec,
    dom_id: "#document",
    deepLinking: true,
    docExpansion: "none",  // with some 130 operations in sight at once, Swagger UI 5.35 resolves them for ever
    defaultModelsExpandDepth: 0,
    oauth2RedirectUrl: facts.redirect,
    queryConfigEnabled: false,
    persistAuthorization: false,
    requestInterceptor,
    tryItOutEnabled: false,
    validatorUrl: null,
    withCredentials: false,
    presets: [window.SwaggerUIBundle.presets.apis],
    syntaxHighlight: { activated: true, theme: "agate" },
  });
  ui.initOAuth({
    clientId: facts.client,
    usePkceWithAuthorizationCodeGrant: true,
    scopes: scopes.filter((scope) => scope.endsWith(":read")),
    additionalQueryStringParams: facts.resource ? { resource: facts.resource } : {},
  });
});
