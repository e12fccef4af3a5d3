"""What a newsroom sees in Kibana, as readable source and as the saved objects made from it."""
