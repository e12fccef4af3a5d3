"""Images, compose, Kubernetes, Kibana and metrics: what runs Newsline elsewhere than here."""
