"""The connections of the gateway: a client of the house's broker, the server of the WebSocket, the sender of events."""
