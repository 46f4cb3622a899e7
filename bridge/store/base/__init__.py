"""Tables, connections, rows and migrations: what every room of the store stands on."""
