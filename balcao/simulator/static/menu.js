// The "+" of a phone: what can be sent besides text, some of it by filling in a small form.

import { button, element } from "./element.js";
import { kindWord, word } from "./words.js";

const digits = (text) => text.replace(/\D/g, "");

// Each field is a name, an attribute or two, and what stands in it at first.
const FORMS = {
  location: {
    fields: () => [
      ["placeName", { maxlength: 200 }, "Avenida Paulista"],
      ["address", { maxlength: 300 }, "Av. Paulista, 1578 – Bela Vista, São Paulo"],
      ["latitude", { type: "number", step: "any", min: -90, max: 90, required: "" }, "-23.5614"],
      ["longitude", { type: "number", step: "any", min: -180, max: 180, required: "" }, "-46.6559"],
    ],
    content: (given) => ({
      location: {
        latitude: Number(given.latitude),
        longitude: Number(given.longitude),
        ...(given.placeName ? { name: given.placeName } : {}),
        ...(given.address ? { address: given.address } : {}),
      },
    }),
  },
  contacts: {
    fields: () => [
      ["contactName", { maxlength: 200, required: "" }, "Beatriz Almeida"],
      ["contactPhone", { type: "tel", maxlength: 30, required: "" }, "+55 11 98765-4321"],
      ["company", { maxlength: 200 }, ""],
    ],
    content: (given) => ({
      contacts: [
        {
          name: {
            formatted_name: given.contactName,
            first_name: given.contactName.split(/\s+/)[0],
          },
          phones: [{ phone: given.contactPhone, wa_id: digits(given.contactPhone), type: "CELL" }],
          ...(given.company ? { org: { company: given.company } } : {}),
        },
      ],
    }),
  },
  order: {
    fields: () => [
      ["product", { maxlength: 100, required: "" }, "SKU-1001"],
      ["quantity", { type: "number", min: 1, max: 999, required: "" }, "2"],
      ["price", { type: "number", step: "0.01", min: 0, required: "" }, "49.90"],
      ["note", { maxlength: 1000 }, word("orderNote")],
    ],
    content: (given) => ({
      order: {
        catalog_id: "300000000000001",
        text: given.note,
        product_items: [
          {
            product_retailer_id: given.product,
            quantity: Number(given.quantity),
            item_price: Number(given.price),
            currency: "BRL",
          },
        ],
      },
    }),
  },
};

const FILES = ["document", "audio", "sticker"];
const SAMPLES = ["image", "audio", "document", "sticker"];

/**
 * Lists what the "+" offers. `phone` can `open` a panel, `post` a content and `mark` the next; its
 * `attaching` can `pick` a file.
 */
export function menu(phone) {
  const files = FILES.map((type) => button(word(`menu_${type}`), () => phone.attaching.pick(type)));
  const samples = SAMPLES.map((type) =>
    button(word("sample", { what: kindWord(type) }), () => phone.post({ type })),
  );
  const forms = Object.keys(FORMS).map((type) =>
    button(word(`menu_${type}`), () => phone.open(form(type, phone))),
  );
  const others = [
    button(word("menu_poll"), () => phone.post({ type: "unsupported", code: 131051 })),
    button(word("menu_tooLarge"), () => phone.post({ type: "document", code: 131052 })),
    button(word("menu_unavailable"), () => phone.post({ type: "unsupported", code: 131060 })),
    button(word("menu_forwarded"), () => phone.mark("forwarded")),
    button(word("menu_advert"), () => phone.mark("advert")),
  ];
  return element("div", { class: "panel menu" }, ...files, ...samples, ...forms, ...others);
}

/** Is the advertisement that a customer may have come by. */
export function advert() {
  return {
    source_url: "https://fb.me/balcao-demo",
    source_id: "120200000000000001",
    source_type: "ad",
    headline: word("advertHeadline"),
    body: word("advertBody"),
    media_type: "image",
    image_url: "https://example.com/advert.jpg",
    ctwa_clid: "ARAkLkA8rmlFeiCktEJQ-QTwRiyYHAFDLMNDBH0CD3qpjd0HR4irJ6LEkR7JwFF4",
  };
}

function form(type, phone) {
  const { fields, content } = FORMS[type];
  const inputs = fields().map(([id, attributes, value]) => [
    id,
    element("input", { type: "text", value, ...attributes }),
  ]);
  const made = element(
    "form",
    { class: "panel", "aria-label": word(`menu_${type}`) },
    ...inputs.map(([id, input]) => element("label", {}, word(`field_${id}`), input)),
    element("button", { type: "submit", class: "strong" }, word("send")),
    button(word("cancel"), () => phone.open(null)),
  );
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = Object.fromEntries(inputs.map(([id, input]) => [id, input.value.trim()]));
    phone.post({ type, ...content(given) });
  });
  return made;
}
