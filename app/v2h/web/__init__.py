"""The status page: one Flask application made by `create_app`, no global, no build step, no outside address."""
