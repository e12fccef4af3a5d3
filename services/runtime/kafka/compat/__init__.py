"""Our corrections of aiokafka 0.14, each with the reason it is needed."""
