"use strict";

// Swagger UI, for the document beside this page.  It asks nobody else: no validator, no addresses from the page's own.
window.addEventListener("DOMContentLoaded", () => {
  window.SwaggerUIBundle({
    url: document.body.dataset.document,
    dom_id: "#document",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    queryConfigEnabled: false,
    persistAuthorization: false,
    tryItOutEnabled: false,
    validatorUrl: null,
    withCredentials: false,
    presets: [window.SwaggerUIBundle.presets.apis],
    syntaxHighlight: { activated: true, theme: "agate" },
  });
});
