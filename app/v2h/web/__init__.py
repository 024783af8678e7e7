"""The status page: one Flask application, made by `create_app`. No globals, no build step, no outside address."""
