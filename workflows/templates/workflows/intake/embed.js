{% comment %}
Puts a form into the page of another site, and tells it on which page it stands.
Blocks: none. Context: address (of the form), title (escaped for a text of JavaScript).
{% endcomment %}(function () {
  var script = document.currentScript;
  var frame = document.createElement("iframe");
  var asked = new URLSearchParams(location.search);
  asked.set("page", location.href);
  asked.set("referrer", document.referrer);
  frame.src = "{{ address }}?" + asked.toString();
  frame.title = "{{ title }}";
  frame.width = "100%";
  frame.height = script.dataset.height || "640";
  frame.setAttribute("frameborder", "0");
  script.parentNode.insertBefore(frame, script);
})();
