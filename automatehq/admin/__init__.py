"""Base of the admin: site, forms, object actions, badges, navigation, search."""
