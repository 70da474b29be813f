"""The icons that an admin may give to a business object; the front-end build puts each into the sprite."""

# fmt: off
OBJECT_ICONS = (
    "box", "package", "building", "building-store", "building-factory-2", "building-warehouse", "home",
    "user", "users", "user-search", "user-star", "user-check", "address-book", "id-badge-2", "briefcase",
    "target-arrow", "trophy", "flag", "star", "heart", "bulb", "rocket", "speakerphone", "ad-2", "phone",
    "mail", "message-2", "calendar", "calendar-event", "clock", "checklist", "checkbox", "bell",
    "map-pin", "map-2", "route", "truck-delivery", "car", "plane", "tool", "settings", "device-desktop",
    "device-mobile", "file-text", "file-invoice", "file-certificate", "files", "clipboard-list", "notes",
    "receipt", "cash", "coin", "credit-card", "wallet", "chart-bar", "chart-pie", "report-analytics",
    "percentage", "shopping-cart", "tag", "tags", "barcode", "gift", "school", "book", "certificate",
    "shield-check", "lifebuoy", "headset", "ticket", "bug", "database", "folder", "archive", "cube",
    "puzzle", "leaf", "globe",
)
# fmt: on
