/** Wires /docs: Swagger UI from this server, reading this server's OpenAPI document. */
window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
