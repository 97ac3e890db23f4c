// Only to read: nothing is sent from here, and nobody else is asked whether the document is valid.
SwaggerUIBundle({
  dom_id: '#docs',
  url: '/api/v1/openapi.json',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  supportedSubmitMethods: [],
  validatorUrl: null,
});
