/* Starts Swagger UI on the element that names the document; requests carry the console's CSRF token. */
(() => {
  const element = document.getElementById("swagger-ui");
  const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  window.SwaggerUIBundle({
    url: element.dataset.url,
    domNode: element,
    deepLinking: false,
    docExpansion: "none",
    validatorUrl: null,
    requestInterceptor: (request) => {
      if (token) request.headers["X-CSRFToken"] = token;
      return request;
    },
  });
})();
