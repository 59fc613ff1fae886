"""A specialist for point clouds: ``ivlm`` with another grounder, a small PointNet++ on the cloud.

``clouds`` makes the network's input of a cloud, ``grouping`` samples and groups its points,
``network`` runs the network, ``grounder`` answers atomic queries on the cloud and shows the answers
in the pictures. Planner, fuser and proposer are those of ``ivlm``.
"""
